# SPDX-License-Identifier: BSD-2-Clause
"""What tests/package/* share."""
