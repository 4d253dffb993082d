"""Starts the product, its tests and its checks from nothing but Python; standard library only."""
