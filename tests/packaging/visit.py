"""Run inside the bare project: looks at its pages as a visitor would. Uses nothing of the suite."""

from django.test import Client

client = Client()

home = client.get("/")
assert home.status_code == 200, home.status_code
assert b"/chat/launcher/" in home.content, home.content
assert not home.cookies, home.cookies

chat = client.get("/chat/")
assert chat.status_code == 200, chat.status_code
assert b"<form" in chat.content, chat.content

launcher = home.content.decode().partition('src="')[2].partition('"')[0]
script = client.get(launcher)
assert script.status_code == 200, (launcher, script.status_code)
assert "javascript" in script["Content-Type"], script["Content-Type"]

desk = client.get("/admin/chat/")
assert desk.status_code == 302, desk.status_code
print("visited")
