"""Says hello."""
print("안녕")
