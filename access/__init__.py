"""Who can get in where: access questions answered from Pulumi's states and plans, without AWS credentials.

Every verdict is that of the policy pack's IAM analysis. The pack is a program of its own, so its folder is put on the
import path here, once, for all modules of this package.
"""

import sys
from pathlib import Path

_PACK = str(Path(__file__).resolve().parent.parent / "policypacks" / "delegation")
if _PACK not in sys.path:
    sys.path.append(_PACK)
