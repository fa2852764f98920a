import sys, zipfile, hashlib, base64
for tag in ('manylinux_2_5', 'manylinux_2_30'):
    for version in ('1.0',):
        info = f'native-{version}.dist-info/'
        files = {'native.py': '', info + 'METADATA': f'Metadata-Version: 2.1\nName: native\nVersion: {version}\n',
            info + 'WHEEL': f'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-{tag}_x86_64\n'}
        digest = lambda text: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')
        record = ''.join(f'{name},sha256={digest(text)},{len(text)}\n' for name, text in files.items())
        with zipfile.ZipFile(f'{sys.argv[1]}/native-{version}-py3-none-{tag}_x86_64.whl', 'w') as wheel:
            [wheel.writestr(name, text) for name, text in files.items()]
            wheel.writestr(info + 'RECORD', record + info + 'RECORD,,\n')
