friends = int(input())
print(input().find("." * friends) + 1)
