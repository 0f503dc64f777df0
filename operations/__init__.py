"""What an operator does beside deploying, and what is checked before a deployment.

`new_target`, `import_plan` and `smoke` are commands of the Makefile: they read the stack files by the program's own
rules and change no account. `project_files` and `targets` run before each preview and deployment, `pull_request` in
preview.yml.
"""
