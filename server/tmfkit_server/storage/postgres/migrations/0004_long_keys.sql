-- Names of any length: a key of more than 600 characters stands by its digest, because an index takes no long texts.

UPDATE bound SET key = encode(sha256(convert_to(key, 'UTF8')), 'hex') WHERE char_length(key) > 600;
UPDATE irregular SET key = encode(sha256(convert_to(key, 'UTF8')), 'hex') WHERE char_length(key) > 600;
