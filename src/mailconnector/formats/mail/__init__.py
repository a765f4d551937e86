"""Mail: header fields, parts and bodies ([RFC 5322], MIME), read and written."""
