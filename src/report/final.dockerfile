# The final stage, written by wheelbarrow. Builder: {{ builder }}, Python {{ version }}.
{%- if standalone %}
# Build with the bundle as context: docker build -f Dockerfile.final BUNDLE
{%- elif fixed %}
# Paste it once below the stage named "{{ stage }}". It stays the same when dependencies change.
{%- else %}
# Paste it below the stage named "{{ stage }}", and again whenever dependencies change.
{%- endif %}
{%- if base %}
FROM {{ base }}
{%- else %}
# No image is known to have this interpreter: docker build --build-arg BASE=IMAGE
ARG BASE
FROM ${BASE}
{%- endif %}
{%- if installer %}
# The OS packages that the environment needs. These two steps run again only when their list changes.
{{ copy }}packages/ /
RUN {{ installer }}
{%- elif install_steps %}
RUN {{ install_steps | join(" \\\n && ") }}
{%- endif %}
{%- if fixed %}
# The environment.
{%- if trees | length > 1 %} Each part keeps its line when others change; some lines copy empty directories.
{%- endif %}
{%- endif %}
{%- for tree in trees %}
{{ copy }}{{ tree }}/ /
{%- endfor %}
{%- if ldconfig %}
RUN ldconfig
{%- endif %}
{%- if verify %}
{%- if fixed %}
# The build fails here if the image lacks anything that the environment needs.
{%- endif %}
RUN --mount=type=bind,from={{ stage }},source={{ verify }},target=/wb {{ verify_command }}
{%- elif standalone %}
# To verify the image, mount its root and run: wheelbarrow verify BUNDLE --root DIR
{%- endif %}
ENV PATH={{ search_path }}
