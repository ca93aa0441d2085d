"""What the suite itself needs: databases, a browser, a place to write. No test lives here."""
