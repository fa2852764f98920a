"""Greets in YAML, by libyaml."""

import click
import yaml


@click.command()
@click.option("--name", default="poetry")
def main(name: str) -> None:
    click.echo(yaml.dump({"hello": name}, Dumper=yaml.CSafeDumper).strip())
