"""How Sphinx makes a site of these pages: `make docs`. Nothing is fetched."""

import sys
from pathlib import Path

import harness

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "chat-harness"
author = "The chat-harness authors"
project_copyright = author
release = version = harness.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "navigation",
    "told_by_code",
]
exclude_patterns = ["_extensions"]
root_doc = "index"

# Headings have the anchors that GitHub gives them.
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
smartquotes = False

# Docstrings say `name` for what has one: a link where it is known, else as it stands.
default_role = "py:obj"
autodoc_default_options = {"member-order": "bysource", "show-inheritance": True}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False
# `type[...]` in a signature is Python's own, not one of our attributes of that name.
suppress_warnings = ["ref.python"]
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "chat-harness"
html_copy_source = False
html_show_sourcelink = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
