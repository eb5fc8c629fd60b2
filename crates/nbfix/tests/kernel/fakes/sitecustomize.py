"""Fakes of the SDKs that the fixtures import: everything is there, works, and says what it was made by."""

import importlib.abc
import importlib.machinery
import sys

ROOTS = {
    "azure", "boto3", "chromadb", "google", "kafka", "ollama", "openai", "pinecone", "psycopg", "qdrant_client", "redis",
    "vertexai", "weaviate",
}


def spelled(value):
    """A value in the words of whoever reads the output: no addresses."""
    return getattr(value, "__name__", None) or repr(value)


class Fake:
    """Whatever a service gives: it can be called, awaited, entered, counted and gone through, always with the same result."""

    def __init__(self, *args, _path=None, **kwargs):
        inner = [spelled(each) for each in args] + [f"{name}={spelled(value)}" for name, value in kwargs.items()]
        self._path = _path or f"{type(self).__name__}({', '.join(inner)})"

    def __repr__(self):
        return f"<{self._path}>"

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name == "close":
            return lambda: None
        return Fake(_path=f"{self._path.rpartition('.')[2][:20]}.{name}")

    def __call__(self, *args, **kwargs):
        return Fake(*args, _path=f"{self._path}({len(args) + len(kwargs)})", **kwargs)

    def __getitem__(self, key):
        return Fake(_path=f"{self._path}[{spelled(key)}]")

    def __iter__(self):
        return iter([self[0], self[1]])

    def __len__(self):
        return 2

    def __bool__(self):
        return True

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def __await__(self):
        yield from ()
        return self

    def __format__(self, spec):
        return repr(self)


class Module(importlib.abc.Loader):
    """Any module of a fake package; its names are classes, those of exceptions are exceptions."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.__path__ = []
        root = module.__name__

        def made(name):
            if name.startswith("__"):
                raise AttributeError(name)
            base = Exception if name.endswith(("Error", "Exception")) else Fake
            if name[0].islower():
                made = Fake(_path=f"{root}.{name}")
            else:
                made = type(name, (base,), {"__module__": root})
                if base is Fake:
                    # Alternative constructors, and constants of a class.
                    made.from_connection_string = classmethod(lambda cls, *args, **kwargs: cls(*args, **kwargs))
                    made.COSINE = "cosine"
            setattr(module, name, made)
            return made

        module.__getattr__ = made


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ROOTS:
            return None
        # What is no module is found on its package, as a class.
        if name.rpartition(".")[2][0].isupper():
            return None
        return importlib.machinery.ModuleSpec(name, Module(), is_package=True)


sys.meta_path.insert(0, Finder())
