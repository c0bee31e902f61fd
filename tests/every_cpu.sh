#!/usr/bin/env bash
# The tests that compare numbers, as other processors and other numbers of threads would compute them. With its own
# instructions, a machine runs them with the rest of the suite.
#
# ATEN_CPU_CAPABILITY chooses PyTorch's own kernels, ONEDNN_MAX_CPU_ISA those of oneDNN (convolutions), MKL_CBWR those of
# MKL (matrix products): COMPATIBLE sums as no recent processor does, and AVX2 on an Intel machine as an AMD one does.
set -euo pipefail
cd "$(dirname "$0")/.."
settings=(
    "ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 MKL_CBWR=COMPATIBLE OMP_NUM_THREADS=1"
    "ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 MKL_CBWR=AVX2 OMP_NUM_THREADS=2"
)
suites=(
    tests/layers/test_layers_{golden,reference,dimensions,derivatives,whitening}.py
    tests/models/test_model_golden.py tests/surgery/test_surgery_fold.py
)
traced="tests/training/test_loss_trace.py::test_the_first_losses_are_those_that_were_kept[bn]" # slow in the other norm
for setting in "${settings[@]}"; do
    echo "== $setting"
    # shellcheck disable=SC2086 - words of an environment
    env $setting "${PYTHON:-python}" -m pytest -q -n auto "${suites[@]}"
    # shellcheck disable=SC2086
    env $setting "${PYTHON:-python}" -m pytest -q -m "" "$traced"
done
