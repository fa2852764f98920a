import importlib, os, sys

assert 'LD_LIBRARY_PATH' not in os.environ
print('imported', [importlib.import_module(name).value() for name in sys.argv[1:]])
