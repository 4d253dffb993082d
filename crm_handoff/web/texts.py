"""Inputs for what people write to one another."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from definitions.words import is_blank


class Words(forms.CharField):
    """A text that says something: spaces and characters without a width are no words."""

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.required and is_blank(value):
            raise ValidationError(self.error_messages["required"], code="required")
