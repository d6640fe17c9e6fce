"""Results on disk: folders, files, estimators."""
