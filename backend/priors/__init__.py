"""Published networks that know heads, pictures or motion; one package per prior, none imports another."""
