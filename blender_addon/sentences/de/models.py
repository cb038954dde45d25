"""Files of models, and the packages that bring them."""

MODELS = {
    "any": {
        "The file {1} could not be fetched.": "Die Datei {1} konnte nicht geladen werden.",
    },
    "asset": {
        "Allow Online Access is off in Blender's preferences, System.": (
            "Online-Zugriff erlauben ist in Blenders Einstellungen unter System ausgeschaltet."
        ),
        "Connect to the network once, or copy the cache folder (CAMEO_CACHE) from a machine that has the file.": (
            "Einmal mit dem Netzwerk verbinden oder den Cache-Ordner (CAMEO_CACHE) von einem Rechner kopieren, der die Datei hat."
        ),
        "Free some space, or set CAMEO_CACHE (for the large models CAMEO_MODELS) to a folder on another disk.": (
            "Platz schaffen oder CAMEO_CACHE (für die großen Modelle CAMEO_MODELS) auf einen Ordner auf einer anderen Festplatte setzen."
        ),
        "Install Cameo again.": "Cameo neu installieren.",
        "Install Node.js (it brings npm) and try again.": (
            "Node.js installieren (es bringt npm mit) und erneut versuchen."
        ),
        "Known assets: {1}.": "Bekannte Dateien: {1}.",
        "Nothing can be written into the folder {1}.": "In den Ordner {1} kann nichts geschrieben werden.",
        "Run: python -m ensurepip (with the Python of Cameo's environment).": (
            "Ausführen: python -m ensurepip (mit dem Python von Cameos Umgebung)."
        ),
        "See what this says in a terminal: {1}": "Nachsehen, was dies in einem Terminal sagt: {1}",
        "Set CAMEO_CACHE (for the large models CAMEO_MODELS) to a folder you may write to.": (
            "CAMEO_CACHE (für die großen Modelle CAMEO_MODELS) auf einen Ordner setzen, in den geschrieben werden darf."
        ),
        "Switch it on, then press Stop Backend and Start Backend. Or type in a terminal: cameo weights fetch": (
            'Ihn einschalten, dann "Backend beenden" und "Backend starten" drücken. Oder in einem Terminal eingeben: cameo weights fetch'
        ),
        "The file {1} is missing, and Blender does not let the backend fetch it.": (
            "Die Datei {1} fehlt, und Blender erlaubt dem Backend nicht, sie zu laden."
        ),
        "The file {1} is not the one Cameo was tested with.": (
            "Die Datei {1} ist nicht die, mit der Cameo getestet wurde."
        ),
        "The file {1}, which ships with Cameo, is missing or altered.": (
            "Die Datei {1}, die zu Cameo gehört, fehlt oder ist verändert."
        ),
        "The package registry of {1} cannot be reached.": "Das Paketverzeichnis von {1} ist nicht erreichbar.",
        "The package {1} does not hold {2}.": "Das Paket {1} enthält {2} nicht.",
        "The package {1} {2} could not be downloaded.": "Das Paket {1} {2} konnte nicht heruntergeladen werden.",
        "The program apt-get is not installed.": "Das Programm apt-get ist nicht installiert.",
        "The program npm is not installed.": "Das Programm npm ist nicht installiert.",
        "The program pip is not installed.": "Das Programm pip ist nicht installiert.",
        "There is no asset called {1}.": "Es gibt keine Datei namens {1}.",
        "There is not enough room on the disk of {1}.": "Auf der Festplatte von {1} ist nicht genug Platz.",
        "This file comes from a Debian package; fetch it on Debian or Ubuntu and copy the cache folder.": (
            "Diese Datei stammt aus einem Debian-Paket; sie unter Debian oder Ubuntu laden und den Cache-Ordner kopieren."
        ),
        "Try again; if it happens twice, the package registry in use serves an altered package.": (
            "Erneut versuchen; geschieht es wieder, liefert das benutzte Paketverzeichnis ein verändertes Paket."
        ),
        "Try again; the download may have been cut short.": "Erneut versuchen; vielleicht brach das Herunterladen ab.",
        "apt-get was not found": "apt-get wurde nicht gefunden",
        "npm was not found": "npm wurde nicht gefunden",
        "pip was not found": "pip wurde nicht gefunden",
        "{1} MB are needed, {2} MB are free": "{1} MB werden gebraucht, {2} MB sind frei",
        "{1} gave sha256 {2}..., expected {3}...": "{1} lieferte sha256 {2}..., erwartet war {3}...",
    },
    "flame": {
        "Check that the right file was chosen; download it again from the FLAME site.": (
            "Prüfen, ob die richtige Datei gewählt ist; sie noch einmal von der FLAME-Seite herunterladen."
        ),
        "Check the path of the head model in the preferences, or leave it empty for the built-in head.": (
            "In den Einstellungen den Pfad des Kopfmodells prüfen oder ihn für den eingebauten Kopf leer lassen."
        ),
        "Check the path.": "Den Pfad prüfen.",
        "Choose generic_model.pkl, flame2023.pkl or flame2023_Open.pkl.": (
            "generic_model.pkl, flame2023.pkl oder flame2023_Open.pkl wählen."
        ),
        "Choose one of FLAME's own files: generic_model.pkl, flame2023.pkl or flame2023_Open.pkl.": (
            "Eine von FLAMEs eigenen Dateien wählen: generic_model.pkl, flame2023.pkl oder flame2023_Open.pkl."
        ),
        "Download it again from the FLAME site. A file from elsewhere may be damaged, or may be an attack.": (
            "Sie noch einmal von der FLAME-Seite herunterladen. Eine Datei von anderswo kann beschädigt oder ein Angriff sein."
        ),
        "Download the file again from the FLAME site; if it fails again, leave the head model empty.": (
            "Die Datei noch einmal von der FLAME-Seite herunterladen; hilft das nicht, das Kopfmodell leer lassen."
        ),
        "Teeth can be added only to a head model with FLAME's own vertices.": (
            "Zähne lassen sich nur einem Kopfmodell mit FLAMEs eigenen Vertices hinzufügen."
        ),
        "The file {1} cannot be read.": "Die Datei {1} kann nicht gelesen werden.",
        "The file {1} could not be read.": "Die Datei {1} konnte nicht gelesen werden.",
        "The file {1} does not hold what FLAME's file of that kind holds.": (
            "Die Datei {1} enthält nicht, was FLAMEs Datei dieser Art enthält."
        ),
        "The file {1} is too large to be a FLAME file.": "Die Datei {1} ist zu groß für eine FLAME-Datei.",
        "The file {1} was not read: it is not a FLAME file as published. Nothing in it was run.": (
            "Die Datei {1} wurde nicht gelesen: Sie ist keine FLAME-Datei, wie sie veröffentlicht wurde. Nichts darin wurde ausgeführt."
        ),
        "The model file holds FLAME's arrays, but no head that could be recognised.": (
            "Die Modelldatei enthält FLAMEs Felder, aber keinen erkennbaren Kopf."
        ),
        "The model has {1} vertices, FLAME has {2}.": "Das Modell hat {1} Vertices, FLAME hat {2}.",
        "Use the model without teeth, or choose one of FLAME's files.": (
            "Das Modell ohne Zähne benutzen oder eine von FLAMEs Dateien wählen."
        ),
        "With the eyes aligned, its surface lies nowhere near a head's.": (
            "Liegen die Augen übereinander, ist seine Oberfläche weit von der eines Kopfes entfernt."
        ),
    },
    "head": {
        "Install Cameo again; for a head model of your own, run tools/embed_landmarks.py.": (
            "Cameo neu installieren; für ein eigenes Kopfmodell tools/embed_landmarks.py ausführen."
        ),
        "The landmarks were embedded on another head model.": "Die Gesichtspunkte gehören zu einem anderen Kopfmodell.",
        "There is no pose named '{1}'.": "Es gibt keine Pose namens '{1}'.",
        "They belong to topology {1}, the head is {2}.": "Sie gehören zur Topologie {1}, der Kopf ist {2}.",
        "This head has no control named '{1}'.": "Dieser Kopf hat keinen Regler namens '{1}'.",
        "Use one of the names on its face board; they are ARKit's.": (
            "Einen der Namen auf seiner Gesichtstafel benutzen; es sind die von ARKit."
        ),
        "Use one of: {1}.": "Eine davon benutzen: {1}.",
    },
    "liveportrait": {
        "Download it again from Hugging Face, KwaiVGI/LivePortrait. The animal models are other networks.": (
            "Noch einmal von Hugging Face herunterladen, KwaiVGI/LivePortrait. Die Tiermodelle sind andere Netze."
        ),
        "LivePortrait's file {1} cannot be read.": "LivePortraits Datei {1} kann nicht gelesen werden.",
        "LivePortrait's network {1} is not what was published.": (
            "LivePortraits Netz {1} ist nicht das veröffentlichte."
        ),
        "The file {1} is not what was published.": "Die Datei {1} ist nicht die veröffentlichte.",
        "Type 'cameo weights fetch liveportrait', or import the folder 'liveportrait' of KwaiVGI/LivePortrait.": (
            "'cameo weights fetch liveportrait' eingeben oder den Ordner 'liveportrait' von KwaiVGI/LivePortrait importieren."
        ),
        "it has no 'retarget_eye'": "'retarget_eye' fehlt",
        "it has no 'retarget_mouth'": "'retarget_mouth' fehlt",
        "it has no 'retarget_shoulder'": "'retarget_shoulder' fehlt",
        "it holds a {1}": "sie enthält {1}",
    },
    "panohead": {
        "Check the path of PanoHead's checkpoint.": "Den Pfad der PanoHead-Modelldatei prüfen.",
        "Choose easy-khair-180-gpc0.8-trans10-025000.pkl from the PanoHead authors' page.": (
            "easy-khair-180-gpc0.8-trans10-025000.pkl von der Seite der PanoHead-Autoren wählen."
        ),
        "Choose easy-khair-180-gpc0.8-trans10-025000.pkl.": "easy-khair-180-gpc0.8-trans10-025000.pkl wählen.",
        "Download easy-khair-180-gpc0.8-trans10-025000.pkl again from the PanoHead authors' page.": (
            "easy-khair-180-gpc0.8-trans10-025000.pkl noch einmal von der Seite der PanoHead-Autoren herunterladen."
        ),
        "Download it again from its authors' page. A file from elsewhere may be damaged, or an attack.": (
            "Sie noch einmal von der Seite ihrer Autoren herunterladen. Eine Datei von anderswo kann beschädigt oder ein Angriff sein."
        ),
        "Its network has not PanoHead's settings.": "Ihr Netz hat nicht die Einstellungen von PanoHead.",
        "Of the head it made: {1}.": "An seinem Kopf stimmt nicht: {1}.",
        "PanoHead could not make a head of this picture.": "PanoHead konnte aus diesem Bild keinen Kopf machen.",
        "Some of its weights are not numbers.": "Einige ihrer Gewichte sind keine Zahlen.",
        "The file {1} cannot be read.": "Die Datei {1} kann nicht gelesen werden.",
        "The file {1} could not be read.": "Die Datei {1} konnte nicht gelesen werden.",
        "The file {1} does not hold PanoHead's generator.": "Die Datei {1} enthält nicht PanoHeads Generator.",
        "The file {1} is too large to be a PanoHead checkpoint.": (
            "Die Datei {1} ist zu groß für eine PanoHead-Modelldatei."
        ),
        "The file {1} was not read: it is no PanoHead checkpoint as published. Nothing in it was run.": (
            "Die Datei {1} wurde nicht gelesen: Sie ist keine PanoHead-Modelldatei, wie sie veröffentlicht wurde. Nichts darin wurde ausgeführt."
        ),
        "The head is seen {1} degrees from above; its shape may come out wrong.": (
            "Der Kopf ist {1} Grad von oben zu sehen; seine Form wird vielleicht falsch."
        ),
        "The head is seen {1} degrees from below; its shape may come out wrong.": (
            "Der Kopf ist {1} Grad von unten zu sehen; seine Form wird vielleicht falsch."
        ),
        "The head is turned by {1} degrees; the side that is not seen will be guessed.": (
            "Der Kopf ist um {1} Grad gedreht; die verdeckte Seite wird erraten."
        ),
        "The head's proportions are far from a photographed person's; its shape may come out wrong.": (
            "Die Proportionen des Kopfes sind weit von denen eines fotografierten Menschen entfernt; seine Form wird vielleicht falsch."
        ),
        "This PanoHead checkpoint is of a kind that Cameo does not know.": (
            "Diese PanoHead-Modelldatei ist von einer Art, die Cameo nicht kennt."
        ),
        "Use a picture that shows the whole head from the front, sharp and evenly lit, or the built-in engine.": (
            "Ein Bild benutzen, das den ganzen Kopf von vorn zeigt, scharf und gleichmäßig beleuchtet, oder die eingebaute Engine."
        ),
        "it does not look like the picture ({1}, at most {2})": "er sieht nicht wie das Bild aus ({1}, höchstens {2})",
        "it fills the whole view ({1}, at most {2})": "er füllt das ganze Bildfeld ({1}, höchstens {2})",
        "it is flat ({1}, at least {2})": "er ist flach ({1}, mindestens {2})",
        "it is too deep ({1}, at most {2})": "er ist zu tief ({1}, höchstens {2})",
        "it is too small or not there ({1}, at least {2})": "er ist zu klein oder nicht da ({1}, mindestens {2})",
        "its colours differ from the picture's ({1}, at most {2})": (
            "seine Farben weichen vom Bild ab ({1}, höchstens {2})"
        ),
        "its face is not where the picture's is ({1}, at most {2})": (
            "sein Gesicht ist nicht dort, wo das im Bild ist ({1}, höchstens {2})"
        ),
        "its outline is not the picture's ({1}, at least {2})": (
            "sein Umriss ist nicht der des Bildes ({1}, mindestens {2})"
        ),
        "the back of the head shows the face again ({1}, at most {2})": (
            "der Hinterkopf zeigt noch einmal das Gesicht ({1}, höchstens {2})"
        ),
        "there is a face at the back of the head": "am Hinterkopf ist ein Gesicht",
    },
    "sdxl": {
        "A part of the diffusion model is not in {1}.": "Ein Teil des Diffusionsmodells fehlt in {1}.",
        "Download the .safetensors files of the same model, or convert them where it is safe.": (
            "Die .safetensors-Dateien desselben Modells herunterladen oder sie dort umwandeln, wo es sicher ist."
        ),
        "Give a folder in diffusers' layout, such as stabilityai/stable-diffusion-xl-base-1.0 from Hugging Face.": (
            "Einen Ordner im Aufbau von diffusers angeben, zum Beispiel stabilityai/stable-diffusion-xl-base-1.0 von Hugging Face."
        ),
        "Install the backend with its extra: pip install 'cameo[diffusion]'.": (
            "Das Backend mit seinem Zusatz installieren: pip install 'cameo[diffusion]'."
        ),
        "Take a model that was fine-tuned from SDXL base without changing its noise.": (
            "Ein Modell nehmen, das aus SDXL base verfeinert wurde, ohne dessen Rauschen zu ändern."
        ),
        "The diffusion model in {1} was trained on another noise schedule than Stable Diffusion XL.": (
            "Das Diffusionsmodell in {1} wurde mit einem anderen Rauschplan trainiert als Stable Diffusion XL."
        ),
        "The image prior needs the Python package {1}.": "Der Bild-Prior braucht das Python-Paket {1}.",
        "The weights in {1} are not in the safetensors format.": (
            "Die Gewichte in {1} haben nicht das Format safetensors."
        ),
        "They are .bin files, which may hold code that runs when they are opened.": (
            "Es sind .bin-Dateien; sie können Code enthalten, der beim Öffnen läuft."
        ),
        "config.json speaks of {1}, not of AutoencoderKL": "config.json spricht von {1}, nicht von AutoencoderKL",
        "config.json speaks of {1}, not of CLIPTextModel": "config.json spricht von {1}, nicht von CLIPTextModel",
        "config.json speaks of {1}, not of CLIPTextModelWithProjection": (
            "config.json spricht von {1}, nicht von CLIPTextModelWithProjection"
        ),
        "config.json speaks of {1}, not of UNet2DConditionModel": (
            "config.json spricht von {1}, nicht von UNet2DConditionModel"
        ),
        "config.json speaks of {1}, not of {2}": "config.json spricht von {1}, nicht von {2}",
        "it predicts {1}, not the noise": "es sagt {1} voraus, nicht das Rauschen",
        "the UNet does not take the autoencoder's {1} channels": "das UNet nimmt nicht die {1} Kanäle des Autoencoders",
        "the UNet maps {1} channels to {2}: it is made for inpainting": (
            "das UNet bildet {1} Kanäle auf {2} ab: Es ist für Inpainting gemacht"
        ),
        "the UNet takes no size conditions: it belongs to Stable Diffusion 1 or 2": (
            "das UNet nimmt keine Größenangaben: Es gehört zu Stable Diffusion 1 oder 2"
        ),
        "the text encoders give {1} and {2} channels, the UNet wants {3} and {4}": (
            "die Text-Encoder geben {1} und {2} Kanäle, das UNet will {3} und {4}"
        ),
        "tokenizer_config.json is not there": "tokenizer_config.json fehlt",
        "weights are missing: {1}": "Gewichte fehlen: {1}",
        "weights do not fit the config: {1}": "Gewichte passen nicht zur Konfiguration: {1}",
        "{1} does not hold a part of a Stable Diffusion XL model.": (
            "{1} enthält keinen Teil eines Stable-Diffusion-XL-Modells."
        ),
        "{1} is not JSON: {2}": "{1} ist kein JSON: {2}",
        "{1} is not a table": "{1} ist keine Tabelle",
        "{1}.safetensors is not there": "{1}.safetensors fehlt",
    },
    "template": {
        "An array has the size {1} instead of {2}, or values that are no numbers.": (
            "Ein Feld hat die Größe {1} statt {2}, oder Werte, die keine Zahlen sind."
        ),
        "Choose a template that LivePortrait wrote (.pkl).": (
            "Eine Vorlage wählen, die LivePortrait geschrieben hat (.pkl)."
        ),
        "Choose a template that LivePortrait wrote for people (.pkl), not for animals.": (
            "Eine Vorlage wählen, die LivePortrait für Menschen geschrieben hat (.pkl), nicht für Tiere."
        ),
        "The motion template {1} does not hold what such files hold.": (
            "Die Bewegungsvorlage {1} enthält nicht, was solche Dateien enthalten."
        ),
        "The motion template {1} was not read.": "Die Bewegungsvorlage {1} wurde nicht gelesen.",
    },
    "weights": {
        "- {1}: open {2} in a browser, {3}, then type: cameo weights import FILE": (
            "- {1}: {2} in einem Browser öffnen, {3}, dann eingeben: cameo weights import DATEI"
        ),
        "- {1}: type: cameo weights fetch {2}": "- {1}: eingeben: cameo weights fetch {2}",
        "- {1}: {2}. Licence: {3}.": "- {1}: {2}. Lizenz: {3}.",
        "Cameo looks in {1} and misses:": "Cameo sucht in {1} und vermisst:",
        "Get what is missing once; from then on no network is needed.\n{1}": (
            "Das Fehlende einmal besorgen; danach wird kein Netzwerk gebraucht.\n{1}"
        ),
        "Known models: {1}.": "Bekannte Modelle: {1}.",
        "There is no model called {1}.": "Es gibt kein Modell namens {1}.",
        "These models are not installed: {1}.": "Diese Modelle sind nicht installiert: {1}.",
        "This model is not installed: {1}.": "Dieses Modell ist nicht installiert: {1}.",
    },
}
