"""Says which YAML library conda installed."""

import yaml

if __name__ == "__main__":
    print("conda", yaml.safe_load("[1, 2]"), yaml.__with_libyaml__)
