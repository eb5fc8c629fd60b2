"""Notebooks for the bench: always the same ones, and like those that people publish.

Their shape follows a census of 4,700 public notebooks: outputs are most of the bytes, half of the files are below
25 KB, one in a hundred is above 2 MB, four cells in ten are Markdown.
"""

import base64
import hashlib
import json
import math
import pathlib
import random
import shutil
import sys

FILES = 600
SEED = 20260901

IMPORTS = [
    "import os\nimport json\nimport pandas as pd\nimport numpy as np",
    "import asyncio\nfrom openai import AzureOpenAI\nfrom azure.identity import DefaultAzureCredential",
    "import matplotlib.pyplot as plt\nimport seaborn as sns\nfrom sklearn.model_selection import train_test_split",
    "import torch\nfrom torch import nn\nfrom transformers import AutoModelForCausalLM, AutoTokenizer",
    "import requests, time, subprocess\nfrom dotenv import load_dotenv\nload_dotenv()",
]

CELLS = [
    "%pip install -q openai azure-identity pandas",
    "!az login --use-device-code\n!az account set --subscription {word}",
    "%%bash\nset -e\nmkdir -p {word}\nls -la {word}",
    "%matplotlib inline\n%load_ext autoreload\n%autoreload 2",
    'endpoint = os.environ["{WORD}_ENDPOINT"]\napi_key = os.getenv("{WORD}_API_KEY", "")\n'
    'if not endpoint:\n    raise ValueError("Set {WORD}_ENDPOINT first")',
    'client = AzureOpenAI(azure_endpoint=endpoint, api_key=api_key, api_version="2024-10-21")\n'
    "response = client.chat.completions.create(\n"
    '    model="gpt-4o",\n    messages=[{{"role": "user", "content": "Tell me about {word}"}}],\n'
    "    temperature={number} / 100,\n)\nprint(response.choices[0].message.content)",
    'result = subprocess.run(["az", "group", "show", "--name", "{word}"], capture_output=True, text=True)\n'
    "group = json.loads(result.stdout)\ngroup[\"location\"]",
    'df = pd.read_csv("data/{word}.csv")\ndf["{word}"] = df["{word}"].fillna(0).astype(float)\n'
    'df = df[df["{word}"] > {number}].reset_index(drop=True)\ndf.head()',
    "fig, ax = plt.subplots(figsize=(10, 6))\nax.plot(np.arange({number}), np.random.rand({number}), label=\"{word}\")\n"
    'ax.set_title("{word}")\nax.legend()\nplt.show()',
    "def {word}_score(values, weight=1.0, *, cap=None):\n"
    '    """How well {word} went."""\n    total = 0.0\n    for index, value in enumerate(values):\n'
    "        if value is None or index % {number} == 3:\n            continue\n"
    "        total += weight * value ** 2\n    return min(total, cap) if cap is not None else total\n\n"
    "{word}_score([1, 2, None, {number}])",
    "class {Word}Dataset:\n    def __init__(self, rows):\n        self.rows = list(rows)\n\n"
    "    def __len__(self):\n        return len(self.rows)\n\n    def __getitem__(self, index):\n"
    '        row = self.rows[index]\n        return {{"x": row[:-1], "y": row[-1], "id": f"{word}-{{index}}"}}',
    "async def ask_{word}(question: str) -> str:\n    await asyncio.sleep(0.1)\n    return question.upper()\n\n"
    'answers = await asyncio.gather(*(ask_{word}(q) for q in ["a", "b"]))',
    "for attempt in range({number}):\n    try:\n        reply = requests.get(endpoint, timeout=30)\n"
    "        reply.raise_for_status()\n        break\n    except requests.HTTPError as error:\n"
    '        print(f"attempt {{attempt}}: {{error}}")\n        time.sleep(2 ** attempt)',
    "model = nn.Sequential(nn.Linear({number}, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 1))\n"
    "optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)\nsum(p.numel() for p in model.parameters())",
    "squares = {{n: n * n for n in range({number}) if n % 2}}\npairs = sorted(squares.items(), key=lambda p: -p[1])\n"
    "pairs[:5]  # the largest of {word}",
    "?pd.DataFrame.{word}",
]

WORDS = (
    "gateway backend pool region quota token model agent index search vector chunk prompt answer session policy "
    "metric trace alert budget tenant secret vault queue topic event worker batch stream schema table column record"
).split()


def generate(folder: pathlib.Path) -> None:
    """Writes the notebooks into `folder`, unless they are there already, as this very file makes them."""
    done = folder / hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rng = random.Random(SEED)
    for number in range(FILES):
        # A lognormal distribution with the median and the 99th percentile of the census.
        size = int(min(22e3 * math.exp(rng.gauss(0, 1.85)), 2.1e6))
        path = folder / f"chapter-{number % 24:02}" / f"{rng.choice(WORDS)}-{number:03}.ipynb"
        path.parent.mkdir(exist_ok=True)
        indent = rng.choices([1, 2, 4], [85, 12, 3])[0]
        text = json.dumps(notebook(rng, size), indent=indent, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
    done.touch()


def notebook(rng: random.Random, size: int) -> dict:
    """A notebook of about `size` bytes."""
    cells = [markdown(rng), code(rng.choice(IMPORTS), 1)]
    # Code and prose grow much slower than files do: what makes a file large is in its outputs.
    text = min(0.7 * size, 130 * size**0.5)
    while text > 0:
        if rng.random() < 0.42:
            cells.append(markdown(rng))
        else:
            word = rng.choice(WORDS)
            source = rng.choice(CELLS).format(
                word=word, Word=word.title(), WORD=word.upper(), number=rng.randint(4, 90)
            )
            cells.append(code(source, len(cells)))
        text -= sum(map(len, cells[-1]["source"])) + 150
    rest = size - sum(len(json.dumps(cell)) + 60 for cell in cells)
    with_code = [cell for cell in cells if cell["cell_type"] == "code"]
    while rest > 200:
        part = min(rest, int(rng.choice([400, 1500, 9000, 40e3, 160e3]) * (0.5 + rng.random())))
        rng.choice(with_code)["outputs"].append(output(rng, part))
        rest -= part
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python", "version": "3.12.4", "file_extension": ".py"}
    metadata = {"kernelspec": kernel, "language_info": language}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def code(text: str, count: int) -> dict:
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {},
        "outputs": [],
        "source": lines(text),
    }


def markdown(rng: random.Random) -> dict:
    paragraph = " ".join(rng.choices(WORDS, k=rng.randint(20, 90)))
    text = f"## The {rng.choice(WORDS)} \u2013 {rng.choice(WORDS)}\n\n{paragraph}.\n\n* `{rng.choice(WORDS)}`"
    return {"cell_type": "markdown", "metadata": {}, "source": lines(text)}


def output(rng: random.Random, size: int) -> dict:
    """An output of about `size` bytes: an image, a table, or what was printed."""
    kind = rng.random()
    if size > 8000 and kind < 0.75:
        image = base64.b64encode(rng.randbytes(size * 3 // 4)).decode()
        data = {"image/png": image + "\n", "text/plain": ["<Figure size 1000x600 with 1 Axes>"]}
        return {"data": data, "metadata": {}, "output_type": "display_data"}
    if kind < 0.45:
        cells = "".join(f"      <td>{rng.random():.6f}</td>\n" for _ in range(size // 60 + 1))
        table = f'<div>\n<table border="1" class="dataframe">\n    <tr>\n{cells}    </tr>\n</table>\n</div>'
        data = {"text/html": lines(table), "text/plain": ["   a  b\n", "0  1  2"]}
        return {"data": data, "execution_count": 1, "metadata": {}, "output_type": "execute_result"}
    text = "".join(
        f"epoch {n}: loss={rng.random():.5f} {rng.choice(WORDS)} \u2588\u2588\u258c\n" for n in range(size // 48 + 1)
    )
    return {"name": "stdout", "output_type": "stream", "text": lines(text)}


if __name__ == "__main__":
    generate(pathlib.Path(sys.argv[1]))
