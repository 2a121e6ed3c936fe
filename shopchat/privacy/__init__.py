"""What a person may ask for: everything that is stored about them, and that it be erased; and forgetting in time.

Reaches the tables of every package below, so it stands above them. May not know the desk or requests. Start with
``finding`` (who is meant), ``exporting`` and ``erasing``; ``retention`` runs by itself.
"""
