"""One revision a file, in order; a revision never decrypts anything."""
