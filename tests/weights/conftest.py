import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # forged_pickles.py and stored_networks.py beside the tests
