"""What the system says where a file cannot be had, as Python passes it on; sizes in lists; the parts of an error."""

SYSTEM = {
    "[Errno {1}] {2}": "[Errno {1}] {2}",
    "[Errno {1}] {2}: {3}": "[Errno {1}] {2}: {3}",
    "{1} (about {2})": "{1} (etwa {2})",
    "{1} (about {2}), {3}": "{1} (etwa {2}), {3}",
    "Cause: {1}": "Ursache: {1}",
    "Connection refused": "Verbindung abgelehnt",
    "Directory not empty": "Ordner nicht leer",
    "File exists": "Datei ist schon da",
    "File too large": "Datei zu groß",
    "File name too long": "Dateiname zu lang",
    "Disk quota exceeded": "Das Speicherkontingent ist ausgeschöpft",
    "Input/output error": "Ein-/Ausgabefehler",
    "Is a directory": "Ist ein Ordner",
    "No space left on device": "Kein Platz mehr auf der Festplatte",
    "No such file or directory": "Datei oder Ordner nicht gefunden",
    "Not a directory": "Ist kein Ordner",
    "Operation not permitted": "Nicht erlaubt",
    "Permission denied": "Zugriff verweigert",
    "Read-only file system": "Das Dateisystem ist schreibgeschützt",
    "What to do: {1}": "Abhilfe: {1}",
}
