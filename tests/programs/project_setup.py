from setuptools import setup, Extension, find_packages

setup(
    name='fast',
    version='1.0',
    package_dir={'': 'src'},
    packages=find_packages('src'),
    package_data={'fast': ['data.txt']},
    ext_modules=[Extension('fast._c', ['src/fast/_c.c'])],
    entry_points={'console_scripts': ['hello = fast:main']},
)
