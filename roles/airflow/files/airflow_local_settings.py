# Written by Ansible: changes made here are lost.
"""Lets Airflow see modules beside its DAGs though their folder came, or became another one, after it had started.

Python remembers of each folder of its path what is in it, or that it is not there. Airflow reads DAGs and runs tasks in processes that it
forks; each of them forgets that first.
"""
import os
import sys

from airflow.configuration import conf

__all__ = []

os.register_at_fork(after_in_child=lambda folder=conf.get("core", "dags_folder"): sys.path_importer_cache.pop(folder, None))
