from rest_framework import serializers


class MugSerializer(serializers.Serializer):
    name = serializers.CharField()
