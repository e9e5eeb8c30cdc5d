"""Where it is done: thin adapters (ASGI, LiteLLM, Envoy, NGINX) over `response.deciding.decide`."""
