"""What holds for the whole suite."""

import os

# Threads that wait for each other sleep, in every process that the tests start as well. By default they spin, and with
# other processes beside them two threads are then several times slower than one.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
