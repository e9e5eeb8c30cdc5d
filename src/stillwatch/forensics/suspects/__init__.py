"""What a suspect said: texts that are at hand, and endpoints that are asked once.

    files.py        answers from files: JSON lines, bodies of responses, plain text
    prompts.py      what is asked, from a file
    endpoint.py     asks an OpenAI-compatible endpoint; goes on where it stopped
    asking.py       how: at what pace, how often again, when to give up
    recording.py    what goes over the wire, written down as it goes: the evidence
    transcript.py   what it says, read again from the raw bytes
    lines.py        what stands in it
    replies.py      what the bytes of a reply say
    cleaning.py     our own prompts cut off answers, what is empty or stands there twice left out and counted

Everything that is scored is computed from files: from texts as they came, or from a transcript's raw bytes. Whoever has
these computes the same answers.
"""
