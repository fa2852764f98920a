"""The stock over HTTP."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def index() -> str:
    return "fastapi"
