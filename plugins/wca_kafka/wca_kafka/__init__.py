"""Nothing yet: this package is installable so that names, versions and wheels are settled; it registers no plugin."""
