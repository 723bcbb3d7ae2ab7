# SPDX-License-Identifier: BSD-2-Clause
"""Real servers for the stories: Postfix, Redis, an SMTP sink, the daemon. Only the standard library."""
