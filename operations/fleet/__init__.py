"""One command for all stacks (`make fleet-preview`, `make fleet-up`, `make fleet-destroy`).

Each stack goes through what `make up` does for one (`operations.stack`), by Pulumi's Automation API.
"""
