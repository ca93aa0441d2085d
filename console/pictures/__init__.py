"""The pictures: one module each, and who sees which."""

from console.pictures.gallery import FRONT, page, sees_any, shown

__all__ = ["FRONT", "page", "sees_any", "shown"]
