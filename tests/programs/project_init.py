import os
from . import _c
def main():
    print(open(os.path.join(os.path.dirname(__file__), 'data.txt')).read())
