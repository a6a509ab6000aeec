"""Identifiers in the shapes of the real ones, from the file's own random stream."""

import random

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(rng: random.Random, length: int) -> str:
    """Letters and digits."""
    return "".join(rng.choices(BASE62, k=length))


def hexadecimal(rng: random.Random, length: int) -> str:
    """Lower-case hexadecimal digits."""
    return f"{rng.getrandbits(4 * length):0{length}x}"


def uuid4(rng: random.Random) -> str:
    """A version 4 UUID."""
    digits = hexadecimal(rng, 32)
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def skewed(rng: random.Random, population: int) -> int:
    """An index that favours the low end: a few customers write often, most write once."""
    share = rng.random()
    return int(population * share * share)
