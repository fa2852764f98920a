# The final stage, written by wheelbarrow. Builder: {{ builder }}, Python {{ version }}.
{%- if standalone %}
# Build with the bundle as context: docker build -f Dockerfile.final BUNDLE
{%- else %}
# Paste it below the stage named "{{ stage }}".
{%- endif %}
{%- if base %}
FROM {{ base }}
{%- else %}
# Nothing tells which image has this interpreter: docker build --build-arg BASE=IMAGE
ARG BASE
FROM ${BASE}
{%- endif %}
{%- if install_steps %}
RUN {{ install_steps | join(" \\\n && ") }}
{%- endif %}
{%- for tree in trees %}
{%- if standalone %}
COPY {{ copy_options }}{{ tree }}/ /
{%- else %}
COPY --from={{ stage }} {{ copy_options }}{{ source }}/{{ tree }}/ /
{%- endif %}
{%- endfor %}
{%- if ldconfig %}
RUN ldconfig
{%- endif %}
{%- if verify %}
RUN --mount=type=bind,from={{ stage }},source={{ verify }},target=/wb ["/wb", "verify", "--prefix", "{{ prefix }}"]
{%- endif %}
ENV PATH={{ prefix }}/bin:$PATH
