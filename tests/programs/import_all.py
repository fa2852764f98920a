import importlib, importlib.metadata as metadata, sys
own = [one for one in metadata.distributions() if str(one.locate_file('')).startswith(sys.prefix)]
names = {str(file).split('/')[0].split('.')[0] for one in own for file in (one.read_text('RECORD') and one.files) or [] if str(file).endswith(('.py', '.so'))}
names |= {name for one in own for name in (one.read_text('top_level.txt') or '').split()}
names = sorted(name for name in names if name.isidentifier() and not name.startswith('__'))
[importlib.import_module(name) for name in names]
print('imported', sys.prefix, len(names), *names)
