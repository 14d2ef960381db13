"""Which dashboards are there, in the order of their links?"""

from dashboards import drift, fleet, promotion, quality, service, training

BOARDS = (fleet.BOARD, drift.BOARD, quality.BOARD, training.BOARD, promotion.BOARD, service.BOARD)
