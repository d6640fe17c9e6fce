"""The door: what `import kansr` gives."""
