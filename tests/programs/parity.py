# Starts everything in an environment, a line each: its top-level modules, with the names of the libraries that are mapped after
# the import, and its scripts, with the exit status of `--help`.
import importlib.metadata, multiprocessing.pool, os, subprocess, sys

IMPORT = '''
import importlib, os, sys
try: importlib.import_module(sys.argv[1]); result = 'ok'
except BaseException as error: result = f'{type(error).__name__} {error}'.split('\\n')[0].replace(sys.prefix, 'PREFIX')
names = {line.rsplit('/', 1)[1].strip() for line in open('/proc/self/maps') if '.so' in line and '/' in line}
os.write(int(sys.argv[2]), '\\t'.join([result, *sorted(names)]).encode())
os._exit(0)
'''
own = [one for one in importlib.metadata.distributions() if str(one.locate_file('')).startswith(sys.prefix)]
files = [file for one in own if one.metadata['Name'] not in ('pip', 'setuptools', 'wheel') for file in one.files or []]
scripts = {file.name for file in files if file.parts[0] == '..' and file.parts[-2] == 'bin'}
top = lambda file: len(file.parts) == 1 or len(file.parts) == 2 and (file.name == '__init__.py' or file.suffix == '.so')
modules = {file.parts[0].split('.')[0] for file in files if file.suffix in ('.py', '.so') and top(file)}
quiet = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, 'timeout': 120, 'cwd': '/tmp'}

def start_module(name):
    read, write = os.pipe()
    command = [sys.executable, '-c', IMPORT, name, str(write)]
    died = subprocess.run(command, pass_fds=[write], **quiet).returncode
    os.close(write)
    with os.fdopen(read) as result:
        return f'module\t{name}\t' + (f'died {died}' if died else result.read())

def start_script(name):
    try: status = subprocess.run([f'{sys.prefix}/bin/{name}', '--help'], **quiet).returncode
    except OSError as error: status = error.strerror
    except subprocess.TimeoutExpired: status = 'still running'
    return f'script\t{name}\t{status}'

with multiprocessing.pool.ThreadPool() as pool:
    print(*pool.map(start_module, sorted(name for name in modules if name.isidentifier())), sep='\n')
    print(*pool.map(start_script, sorted(scripts)), sep='\n')
