"""ElevenLabs's own SDK streams text over a websocket to a stand-in for ElevenLabs: elevenlabs_sdk.py URL (https)"""
import sys

from elevenlabs import VoiceSettings
from elevenlabs.client import ElevenLabs

client = ElevenLabs(api_key="k", base_url=sys.argv[1])
pieces = ["Hello there, ", "caller. ", "How are you?"]
sound = b"".join(client.text_to_speech.convert_realtime(
    "voice", text=iter(pieces), model_id="eleven_flash_v2_5", output_format="pcm_16000",
    voice_settings=VoiceSettings(stability=0.4, similarity_boost=0.8)))
assert len(sound) % 640 == 0 and len(sound) // 640 >= len("".join(pieces)), len(sound)
print(f"spoke {len(sound)} bytes")
