"""Settings of the documentation's site. Sphinx reads them; `make docs` runs it, with every warning an error.

The root of the sources is the project's: pages of docs/ and those beside the README link to each other as they do on a
forge, and links to other files become downloads.
"""

project = "Mile Quest"
html_title = "Mile Quest"
root_doc = "docs/index"
include_patterns = ["docs/**", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md"]
exclude_patterns = ["**/.*", ".*", "**/node_modules"]
source_suffix = {".md": "markdown"}
extensions = ["myst_parser", "sphinxcontrib.mermaid"]
nitpicky = True

myst_heading_anchors = 3  # links to headings are those of forges, and checked
myst_fence_as_directive = ["mermaid"]  # which forges draw too

templates_path = ["templates"]
html_additional_pages = {"index": "root.html"}  # which leads to the root document
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
