from rest_framework import serializers

from tests.salesman_shop.models import Course, Thing


class ThingSerializer(serializers.ModelSerializer):
    class Meta:
        model = Thing
        fields = ["name", "code"]


class CourseSerializer(serializers.ModelSerializer):
    class Meta:
        model = Course
        fields = ["name", "code"]
