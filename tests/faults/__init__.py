"""A sound method and a sound task, and the single changes that break one promise each."""
