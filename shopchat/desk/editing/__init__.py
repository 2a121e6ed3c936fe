"""What shop staff edit in the Wagtail admin: operators, working hours, the widget's look and texts."""
