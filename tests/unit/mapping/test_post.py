"""The properties of an article of a feed."""

from __future__ import annotations

from dataclasses import replace

from mailconnector.items import Mail
from mailconnector.items.post import Post
from mailconnector.mapi import named
from mailconnector.mapi.objects import MessageObject, Properties
from mailconnector.mapping import from_mapi, post, to_mapi

NEWS = Post(
    Mail(message_class="IPM.Post.RSS", subject="News", html="<p>News</p>"),
    "The Paper",
    "https://paper.example/feed",
    "https://paper.example/1",
    "urn:1",
    -17,
    "<item>\n</item>",
    "Paper",
)


def test_the_properties_of_an_article() -> None:
    properties = post.to_object(NEWS, to_mapi, frozenset()).properties
    expected: Properties = {
        named.PidLidPostRssChannel: "The Paper",
        named.PidLidPostRssChannelLink: "https://paper.example/feed",
        named.PidLidPostRssItemLink: "https://paper.example/1",
        named.PidLidPostRssItemGuid: "urn:1",
        named.PidLidPostRssItemHash: -17,
        named.PidLidPostRssItemXml: "<item>\r\n</item>",
        named.PidLidPostRssSubscription: "Paper",
    }
    assert {key: properties.get(key) for key in expected} == expected
    assert post.from_object(MessageObject(properties), from_mapi) == NEWS


def test_line_ends_stay_until_the_article_changes() -> None:
    properties = post.to_object(NEWS, to_mapi, frozenset()).properties | {named.PidLidPostRssItemXml: "<item>\n</item>"}
    item = post.from_object(MessageObject(dict(properties)), from_mapi)
    assert post.to_object(item, to_mapi, frozenset()).properties == properties
    changed = post.to_object(replace(item, item_xml="<item/>"), to_mapi, frozenset()).properties
    assert changed[named.PidLidPostRssItemXml] == "<item/>"
