"""Says standard input to standard output, as WAV: say.py pico en-GB 0.9, or say.py openjtalk mei -3 (pitch: a factor; half tones)."""
import os
import sys
import wave

sink = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what libraries print is no sound
engine, voice, pitch = sys.argv[1], sys.argv[2], float(sys.argv[3])
text = sys.stdin.buffer.read().decode()
if engine == "pico":
    from py_nanotts import NanoTTS

    rate, pcm = 16000, NanoTTS().speak(text, voice=voice, pitch=pitch)
elif engine == "openjtalk" and voice == "mei":
    import numpy
    import pyopenjtalk

    sound, rate = pyopenjtalk.tts(text, half_tone=pitch)
    pcm = numpy.clip(sound, -32768, 32767).astype("<i2").tobytes()
else:
    sys.exit(f"there is no voice {engine}/{voice}")
with wave.open(sink, "wb") as out:
    out.setnchannels(1)
    out.setsampwidth(2)
    out.setframerate(rate)
    out.writeframes(pcm)
