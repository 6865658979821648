/** The agent's fields in the order in which they are asked for. A test holds this against the contract: each of its fields is here once. */
export const groups: { id: string; title: string; about: string; fields: string[]; folded?: boolean }[] = [
  { id: 'who', title: 'Who it is', about: 'What it is called here, and what it says and hears first.', fields: ['name', 'description', 'label', 'language', 'initial_message', 'initial_message_delay'] },
  { id: 'prompt', title: 'Prompt', about: 'What the model is told: who it is, what it knows, what it is to do.', fields: ['prompt', 'context_endpoint'] },
  { id: 'voice', title: 'Voice', about: 'How it sounds. Left alone, the server chooses.', fields: ['voice', 'background_sound'] },
  { id: 'hearing', title: 'Hearing', about: 'Who turns the caller’s sound into words.', fields: ['transcriber', 'deepgram_keywords', 'noise_suppression', 'noise_suppression_level', 'min_volume'], folded: true },
  { id: 'thinking', title: 'Thinking', about: 'Which model answers.', fields: ['provider', 'model', 'llm_temperature', 'reasoning_effort', 'verbosity', 'llm_seed', 'openai_api', 'account_connection', 'llm_fallback', 'enable_preload_prompt', 'openai_model_name_override', 'openai_account_connection'], folded: true },
  { id: 'turns', title: 'Whose turn it is', about: 'When it speaks, and when it stops.', fields: ['endpointing_sensitivity', 'interrupt_sensitivity', 'conversation_speed', 'enable_dynamic_turns', 'dynamic_min_wait_secs', 'dynamic_max_silence_secs'], folded: true },
  { id: 'silence', title: 'Silence and length', about: 'What it does when nobody speaks, and how long a call may be.', fields: ['ask_if_human_present_on_idle', 'idle_time_seconds', 'idle_after_interaction_seconds', 'max_idle_check_count', 'max_aggregate_idle_check_count', 'call_duration_sec'], folded: true },
  { id: 'actions', title: 'What it can do', about: 'Besides talking: end the call, transfer it, press keys, ask other systems.', fields: ['actions', 'skills', 'activity_actions', 'transfer_on_end', 'guard_rails'] },
  { id: 'knows', title: 'What it knows', about: 'Documents, and earlier calls.', fields: ['knowledge', 'memory_scope', 'combine_last_call_context'], folded: true },
  { id: 'outbound', title: 'Calls it makes', about: 'Answering machines, phone menus, and those who do not want to be called.', fields: ['voicemail_message', 'enable_dynamic_vm_detection', 'llm_vm_detection_only', 'ivr_navigation_mode', 'run_do_not_call_detection'], folded: true },
  { id: 'after', title: 'After the call', about: 'What is kept, found out and sent.', fields: ['enable_recording', 'webhook', 'post_call_prompt', 'post_call_insights', 'post_call_actions', 'post_call_email', 'post_call_sms'], folded: true },
  { id: 'web', title: 'Web pages', about: 'Pages whose visitors may call it with a click.', fields: ['web_origins'], folded: true },
]
