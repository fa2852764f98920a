set -e
source() {
  mkdir -p /src/$1/src/app_$1/inner
  printf '"""An app."""\n__version__ = "0.1"\nfrom . import inner\ndef main():\n    print("started", __file__)\n' > /src/$1/src/app_$1/__init__.py
  touch /src/$1/src/app_$1/inner/__init__.py; echo data > /src/$1/src/app_$1/inner/data.txt
  printf "[project]\nname='app_$1'\nversion='0.1'\ndescription='x'\n[project.scripts]\napp_$1='app_$1:main'\n[build-system]\nrequires=['$2']\nbuild-backend='$3'\n" > /src/$1/pyproject.toml
}
backend() { source "$@"; /venv/bin/pip install -q -e /src/$1; }
python3 -m venv /venv
backend poetry poetry-core poetry.core.masonry.api
backend pdm pdm-backend pdm.backend
backend flit flit_core flit_core.buildapi
backend hatch hatchling hatchling.build
backend setuptools setuptools setuptools.build_meta
backend uv 'uv_build<1' uv_build
# Module by module: what is beside them is not on any path.
source exact hatchling hatchling.build
printf '[tool.hatch.build]\ndev-mode-exact = true\n' >> /src/exact/pyproject.toml
/venv/bin/pip install -q -e /src/exact
# A native module that was installed, and source that was not.
source scikit scikit-build-core scikit_build_core.build
echo 'from . import _c' >> /src/scikit/src/app_scikit/__init__.py
cp CMakeLists.txt c.c /src/scikit/
/venv/bin/pip install -q -e /src/scikit
# Where pip puts what it checks out.
source inside setuptools setuptools.build_meta
mkdir -p /venv/src /src/inside/.git && touch /src/inside/.git/HEAD && mv /src/inside /venv/src/
/venv/bin/pip install -q -e /venv/src/inside
wheelbarrow bundle /venv
