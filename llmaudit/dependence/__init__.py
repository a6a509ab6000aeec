"""How much the traffic depends on one maker, seller or model: the basis of lock-in, reliability and the checklist.

- `concentration`, `leverage`: how spend is distributed, and how much of it could go elsewhere at a renewal.
- `elsewhere`, `arbitrage`, `forgone`, `folding`: what the same traffic would cost at other sellers or on other models.
- `outages`, `storms`, `hidden`, `answers`: failures, what they cost, and the cost of an answer including them.
- `switching`: how many days it would take to leave a maker.
"""
