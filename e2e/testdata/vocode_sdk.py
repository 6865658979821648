"""The published Python SDK of the hosted API, unchanged, against a Parley server: vocode_sdk.py BASE_URL KEY SIP_TARGET.

Every answer is parsed by the SDK's own models, so an answer in another shape than it knows is an exception. Prints a line a step;
exits with 1 when one failed.
"""
import sys
import time
import warnings

warnings.simplefilter("ignore")
import vocode  # noqa: E402
from vocode.client import Vocode  # noqa: E402
from vocode.core.api_error import ApiError  # noqa: E402

base, key, target = sys.argv[1:4]
c = Vocode(base_url=base, token=key)
failed = []


def step(name, f, check=lambda r: True):
    try:
        r = f()
        if not check(r):
            raise AssertionError(f"answered {r!r}")
        print("ok  ", name)
        return r
    except Exception as e:  # noqa: BLE001
        failed.append(name)
        print("FAIL", name, type(e).__name__, str(e)[:800].replace("\n", " | "))
        return None


def refused(name, status, f):
    try:
        f()
    except ApiError as e:
        if e.status_code == status and e.body.get("statusCode") == status and e.body.get("message"):
            print("ok  ", name)
            return
        failed.append(name)
        print("FAIL", name, e.status_code, e.body)
        return
    failed.append(name)
    print("FAIL", name, "was not refused")


azure = vocode.AzureVoiceParams(voice_name="en-US-SteffanNeural", pitch=0, rate=15)
voices = {
    "azure": azure,
    "eleven labs": vocode.ElevenLabsVoiceParams(voice_id="v", stability=0.5, similarity_boost=0.7, api_key="el-secret-123456", optimize_streaming_latency=3),
    "play.ht": vocode.PlayHtVoiceParams(voice_id="v", api_user_id="u", api_key="ph-secret-123456", version="2", speed=1.1, quality="faster"),
    "rime": vocode.RimeVoiceParams(speaker="young_male_unmarked-1", speed_alpha=1.0, model_id="mist"),
}
for name, params in voices.items():
    v = step(f"voices.create {name}", lambda p=params: c.voices.create_voice(request=p), lambda r, p=params: r.type == p.type)
    if v:
        step(f"voices.get {name}", lambda v=v: c.voices.get_voice(id=v.id), lambda r, v=v: r.id == v.id and "secret" not in repr(r))
        azure_voice = v if name == "azure" else azure_voice
step("voices.list", lambda: c.voices.list_voices(), lambda r: r.total >= 4 and len(r.items) >= 4)

prompt = step("prompts.create", lambda: c.prompts.create_prompt(content="You are kind.", context_endpoint="https://example.com/context"))
step("prompts.get", lambda: c.prompts.get_prompt(id=prompt.id), lambda r: r.content == "You are kind.")
step("prompts.update", lambda: c.prompts.update_prompt(id=prompt.id, content="You are very kind."), lambda r: r.content == "You are very kind.")
step("prompts.list", lambda: c.prompts.list_prompts(), lambda r: prompt.id in [p.id for p in r.items])

hook = step("webhooks.create", lambda: c.webhooks.create_webhook(subscriptions=["event_message", "event_phone_call_ended"], url="https://example.com/hook"))
step("webhooks.update", lambda: c.webhooks.update_webhook(id=hook.id, url="https://example.com/other"), lambda r: r.url.endswith("/other"))
step("webhooks.list", lambda: c.webhooks.list_webhooks())

end = step("actions.create end", lambda: c.actions.create_action(request=vocode.EndConversationActionParams(config=vocode.EmptyActionConfig())))
step("actions.create transfer", lambda: c.actions.create_action(request=vocode.TransferCallActionParams(config=vocode.TransferCallConfig(phone_number="+15551234567"))))
external = step("actions.create external", lambda: c.actions.create_action(request=vocode.ExternalActionParams(config=vocode.ExternalActionConfig(
    name="book", description="Books a table", url="https://example.com/book", input_schema={"type": "object", "properties": {"seats": {"type": "number"}}},
    speak_on_send=True, speak_on_receive=False))))
step("actions.get", lambda: c.actions.get_action(id=external.id), lambda r: r.config.name == "book")
step("actions.list", lambda: c.actions.list_actions(), lambda r: r.total >= 3)

agent = step("agents.create with ids", lambda: c.agents.create_agent(name="Ada", prompt=prompt.id, voice=azure_voice.id, actions=[end.id], webhook=hook.id,
             language="en", interrupt_sensitivity="high", endpointing_sensitivity="relaxed", conversation_speed=1.2, initial_message="Hello.",
             initial_message_delay=0.5, idle_time_seconds=20, llm_temperature=0.3, deepgram_keywords={"parley": 2}, ivr_navigation_mode="off"))
step("agents.create inline", lambda: c.agents.create_agent(prompt=vocode.PromptParams(content="hi"), voice=azure,
     actions=[vocode.EndConversationActionParams(config=vocode.EmptyActionConfig())],
     webhook=vocode.WebhookParams(subscriptions=["event_message"], url="https://example.com/x")), lambda r: r.prompt.content == "hi" and len(r.actions) == 1)
step("agents.get", lambda: c.agents.get_agent(id=agent.id), lambda r: r.prompt.id == prompt.id and r.voice.id == azure_voice.id and r.webhook.id == hook.id)
step("agents.update", lambda: c.agents.update_agent(id=agent.id, name="Bea", actions=[], prompt=vocode.PromptUpdateParams(content="changed")),
     lambda r: r.name == "Bea" and r.actions == [] and r.prompt.content == "changed")
step("agents.list", lambda: c.agents.list_agents(sort_column="name", sort_desc=True, page=1, size=50), lambda r: agent.id in [a.id for a in r.items])

twilio = step("account_connections.create twilio", lambda: c.account_connections.create_account_connection(request=vocode.TwilioAccountConnectionParams(
    credentials=vocode.TwilioCredentials(twilio_account_sid="AC00000000000000000000000000000001", twilio_auth_token="0123456789abcdef0123456789abcdef"), account_supports_any_caller_id=True)))
step("account_connections.create openai", lambda: c.account_connections.create_account_connection(request=vocode.OpenAiAccountConnectionParams(
    credentials=vocode.OpenAiCredentials(openai_api_key="sk-secret-123456789"))))
step("account_connections.get", lambda: c.account_connections.get_account_connection(id=twilio.id), lambda r: "0123456789abcdef0" not in repr(r))
step("account_connections.list", lambda: c.account_connections.list_account_connections(), lambda r: r.total >= 2)
step("account_connections.add_to_steering_pool", lambda: c.account_connections.add_to_steering_pool(id=twilio.id, request=vocode.AddToSteeringPoolBody(phone_number="+15550009999")),
     lambda r: r["steering_pool"] == ["+15550009999"])
step("account_connections.remove_from_steering_pool", lambda: c.account_connections.remove_from_steering_pool(id=twilio.id, phone_number="+15550009999"),
     lambda r: not r["steering_pool"])

base_vector = dict(index="i", api_key="pc-secret-123456", api_environment="us-east-1")
vectors = step("vector_databases.create", lambda: c.vector_databases.create_vector_database(**base_vector), lambda r: "secret" not in repr(r))
step("vector_databases.update", lambda: c.vector_databases.update_vector_database(id=vectors.id, index="j"), lambda r: r.index == "j")
step("vector_databases.get", lambda: c.vector_databases.get_vector_database(id=vectors.id), lambda r: r.index == "j")
step("vector_databases.list", lambda: c.vector_databases.list_vector_databases(), lambda r: r.total == 1)

number = step("numbers.link", lambda: c.numbers.link_number(phone_number="+15005550006", telephony_account_connection=twilio.id, inbound_agent=agent.id))
step("numbers.get", lambda: c.numbers.get_number(phone_number="+15005550006"), lambda r: r.inbound_agent.id == agent.id)
step("numbers.update", lambda: c.numbers.update_number(phone_number="+15005550006", label="desk", outbound_only=False, example_context={"name": "Ann"}),
     lambda r: r.label == "desk")
step("numbers.list", lambda: c.numbers.list_numbers(), lambda r: "+15005550006" in [n.number for n in r.items])
step("numbers.buy", lambda: c.numbers.buy_number(area_code="415"), lambda r: r.number.startswith("+1415"))
refused("numbers.buy of no area", 400, lambda: c.numbers.buy_number(area_code="000"))

call = step("calls.create", lambda: c.calls.create_call(from_number="+15005550006", to_number=target, agent=agent.id, context={"name": "Ann"},
            on_no_human_answer="continue", run_do_not_call_detection=False, hipaa_compliant=False))
step("calls.create inline", lambda: c.calls.create_call(from_number="+15005550006", to_number=target, telephony_params={"X-Test": "1"},
     agent=vocode.AgentParams(prompt=vocode.PromptParams(content="hi"), voice=azure, initial_message="Hello.")))
time.sleep(1.5)
step("calls.get", lambda: c.calls.get_call(id=call.id), lambda r: r.id == call.id and (r.start_time is None or float(r.start_time) > 1e9))
ended = step("calls.end", lambda: c.calls.end_call(id=call.id), lambda r: r.status == "ended")
step("calls.list", lambda: c.calls.list_calls(page=1, size=5, sort_column="start_time", sort_desc=True),
     lambda r: call.id in [x.id for x in r.items] and any(x.start_time and x.start_time > 1e9 for x in r.items))
step("calls.recording", lambda: b"".join(c.calls.get_recording(id=call.id)), lambda r: len(r) > 500)
step("usage.get", lambda: c.usage.get_usage(), lambda r: r.plan_type == "plan_unlimited" and r.monthly_usage_minutes >= 0)

refused("a wrong key", 401, lambda: Vocode(base_url=base, token="wrong").agents.list_agents())
refused("an agent that is not there", 404, lambda: c.agents.get_agent(id="00000000-0000-4000-8000-000000000000"))
refused("an enum", 400, lambda: c.agents.update_agent(id=agent.id, interrupt_sensitivity="never"))

print(f"{len(failed)} failed" + (": " + ", ".join(failed) if failed else ""))
sys.exit(1 if failed else 0)
