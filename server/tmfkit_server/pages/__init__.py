"""Pages for people, and the files that they are made of; nothing comes from elsewhere when one is looked at."""
